import type { Mail } from './inbox.js';

/** The inbox as a plain page: newest first, no scripts. */
export function inboxPage(mails: readonly Mail[]): string {
  const shown = mails.toReversed().map(
    (mail) => `<article>
  <h2>${escaped(mail.subject)}</h2>
  <p class="meta">to ${escaped(mail.to)} &middot; from ${escaped(mail.from)} &middot; <time datetime="${escaped(mail.receivedAt)}">${escaped(shortTime(mail.receivedAt))}</time></p>
  <pre>${escaped(mail.text)}</pre>
</article>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox (${mails.length})</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; background: #fafbfc; }
  article { background: #fff; border: 1px solid #d8dee6; border-radius: 6px; padding: 0.5rem 1rem; margin: 1rem 0; }
  h2 { font-size: 1.1rem; margin: 0.3rem 0; }
  .meta { color: #55606e; font-size: 0.9rem; margin: 0; }
  time { white-space: nowrap; }
  pre { white-space: pre-wrap; }
</style>
<h1>Inbox: ${mails.length} ${mails.length === 1 ? 'e-mail' : 'e-mails'}</h1>
<p>Each of these came in over SMTP. The same as JSON: <a href="/mails">/mails</a>. Reload to see new ones.</p>
${shown.join('\n') || '<p>Nothing yet. Place an order.</p>'}
</html>
`;
}

/** `2026-11-22 21:37:55 UTC` */
function shortTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
