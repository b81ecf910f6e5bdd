/** The oldest that every lib is tried on: `engines` of each package.json says the same. */
const OLDEST = { major: 22, minor: 22 };

/** What is wrong with this version of Node, as a sentence; undefined when it is new enough. */
export function nodeVersionFault(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return undefined;
  return `Node ${version} is too old: start the application with ${OLDEST.major}.${OLDEST.minor} or newer`;
}
