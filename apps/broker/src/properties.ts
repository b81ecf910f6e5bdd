/** Reads Kafka's (Java's) properties format: `key=value` or `key: value`, comments with # or !, a backslash at the end goes on. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const parts = /^((?:\\.|[^\s=:\\])*)(?:\s*[=:]\s*|\s+|$)(.*)$/s.exec(line);
    if (parts !== null) values.set(unescaped(parts[1] ?? ''), unescaped(parts[2] ?? '').trimEnd());
  }
  return values;
}

function* logicalLines(text: string): Generator<string> {
  let open = '';
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (open === '' && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const slashes = /\\*$/.exec(line)?.[0].length ?? 0;
    if (slashes % 2 === 1) open += line.slice(0, -1);
    else {
      yield open + line;
      open = '';
    }
  }
  if (open !== '') yield open;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, code: string | undefined, one: string | undefined) =>
    code === undefined ? (ESCAPES[one ?? ''] ?? one ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
