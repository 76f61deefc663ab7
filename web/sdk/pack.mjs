// Puts what the build made (npm run build, in web/) where the package has it. It is not kept in the repository.

import { copyFile, mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

await rm(at('lib'), { recursive: true, force: true })
await mkdir(at('lib'))
for (const name of ['parlor.js', 'parlor.d.ts', 'parlor-room.js', 'parlor-room.d.ts'])
  await copyFile(at(`../dist/sdk/${name}`), at(`lib/${name}`))
await copyFile(at('../../LICENSE'), at('LICENSE'))
