import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// One module beside the SDK, which it does not need: the page in its frame does.
export default defineConfig({
  root: here('.'),
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: here('../dist/sdk'),
    emptyOutDir: false,
    sourcemap: false,
    minify: true,
    rolldownOptions: { output: { minify: true } },
    lib: { entry: here('src/index.ts'), formats: ['es'], fileName: () => 'parlor-room.js' },
  },
  plugins: [
    {
      name: 'types',
      closeBundle() {
        execFileSync(
          'npx',
          [
            'dts-bundle-generator',
            '--silent',
            '--no-banner',
            '--project',
            here('tsconfig.json'),
            '-o',
            here('../dist/sdk/parlor-room.d.ts'),
            here('src/index.ts'),
          ],
          { cwd: here('..'), stdio: 'inherit' },
        )
      },
    },
  ],
})
