import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['sdk/test/**/*.test.{ts,mjs}', 'element/test/**/*.test.ts', 'app/**/*.test.{ts,tsx}'],
    passWithNoTests: true,
    // Of real time, of which a busy machine has little; the tests' own clocks are fake.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
