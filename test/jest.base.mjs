// What every jest run of the house shares: native ESM, TypeScript by swc, libs by their sources.
import { fileURLToPath } from 'node:url';

export const rootDir = fileURLToPath(new URL('..', import.meta.url));

export const base = {
  rootDir,
  reporters: ['default', '<rootDir>/test/figure-reporter.mjs'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['trunkline-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
  transformIgnorePatterns: ['/node_modules/(?!@trunkline/)'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
