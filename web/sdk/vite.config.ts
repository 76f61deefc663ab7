import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The SDK is one ES module with its types beside it. The page's build shares web/dist: nothing here empties it.
export default defineConfig({
  root: here('.'),
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: here('../dist/sdk'),
    emptyOutDir: true,
    sourcemap: false,
    minify: true,
    rolldownOptions: { output: { minify: true } },
    lib: { entry: here('src/index.ts'), formats: ['es'], fileName: () => 'parlor.js' },
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
            here('../dist/sdk/parlor.d.ts'),
            here('src/index.ts'),
          ],
          { cwd: here('..'), stdio: 'inherit' },
        )
      },
    },
  ],
})
