import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { excalidraw, shared } from './build/excalidraw.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The SDK's output lives in the same dist, so vite may not empty it; what the page left there before goes, though.
const clearAssets = (): Plugin => ({
  name: 'clear-assets',
  apply: 'build',
  async buildStart() {
    await rm(here('../dist/assets'), { recursive: true, force: true })
  },
})

// Where '/sdk/parlor.js' comes from: in a build it stays an address that the server answers; while developing it is
// the SDK's source, or with `--mode fake` a stand-in without a server (dev/fake.ts).
const sdk = { fake: here('dev/fake.ts'), source: here('../sdk/src/index.ts') }

export default defineConfig(({ command, mode }) => {
  const fake = mode === 'fake'
  const inlined = fake ? sdk.fake : command === 'serve' ? sdk.source : undefined
  return {
    root: here('.'),
    // The manifest and its icons, whose addresses stay.
    publicDir: here('public'),
    plugins: fake ? [react()] : [react(), clearAssets(), excalidraw(['en', 'de-DE', 'es-ES', 'ar-SA'])],
    resolve: { alias: inlined ? [{ find: '/sdk/parlor.js', replacement: inlined }] : [] },
    server: {
      proxy: { '/v1': { target: 'http://127.0.0.1:8080', ws: true } },
    },
    worker: { format: 'es' },
    build: {
      outDir: fake ? process.env.FAKE_OUT : here('../dist'),
      emptyOutDir: fake,
      // The page's content security policy allows nothing inline, data: neither.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: 'es2022',
      rolldownOptions: {
        external: inlined ? [] : ['/sdk/parlor.js'],
        output: { codeSplitting: { groups: [shared] } },
      },
    },
  }
})
