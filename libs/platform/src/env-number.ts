import { EnvironmentFault } from './start-failure.js';

/**
 * A whole number from the environment; `otherwise` when the variable is not set or empty.
 *
 * Throws EnvironmentFault that names the variable, its value and what is allowed: for whoever starts the program.
 */
export function envNumber(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number {
  const text = environment[name]?.trim();
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  // Number() also reads 0x10, 1e3 and 4.0: nobody means these for a port or a count of rows.
  if (!/^-?\d+$/.test(text) || value < min || value > max) {
    throw new EnvironmentFault(`${name}=${text}: a whole number from ${min} to ${max} is wanted`);
  }
  return value;
}
