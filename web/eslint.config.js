import tseslint from 'typescript-eslint'
import reactHooks from 'eslint-plugin-react-hooks'

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'sdk/lib/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strict],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': ['error', { allow: ['error'] }],
    },
  },
  {
    files: ['app/**/*.ts', 'app/**/*.tsx'],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      // The language is known, and may change, only after the modules have begun.
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='strings']:not(:function MemberExpression)",
          message:
            'Read strings in the function that shows them: a module begins before the language is known.',
        },
      ],
    },
  },
  {
    // The borders of the SDK are typed all through: promises are awaited or voided on purpose.
    files: ['sdk/src/**/*.ts'],
    languageOptions: {
      parserOptions: { project: 'sdk/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
)
