import { EnvironmentFault, envNumber } from '@trunkline/platform';

/** What the email service is told from outside. Read once, from the environment, when it starts. */
export interface EmailConfig {
  /** Where its HTTP side listens. */
  readonly host: string;
  readonly port: number;
  /** Bootstrap brokers as `host:port`; none: an embedded broker. */
  readonly brokers: readonly string[];
  /** Where the embedded broker's logs are kept. */
  readonly dataDir: string;
  /** The SMTP server: `smtp://user:password@host:port`. */
  readonly smtpUrl: string;
  /** The sender of every e-mail. */
  readonly from: string;
  /** E-mails under way at once in one process; each needs an SMTP connection. */
  readonly concurrency: number;
}

/** Nest's token for the {@link EmailConfig}. */
export const EMAIL_CONFIG = Symbol('EmailConfig');

/** Reads the environment. Throws an Error that names the variable, its value and what is allowed. */
export function emailConfig(environment: Readonly<Record<string, string | undefined>>): EmailConfig {
  const smtpUrl = environment['SMTP_URL'] ?? 'smtp://127.0.0.1:1025';
  if (!/^smtps?:\/\/[^/]+$/.test(smtpUrl)) {
    throw new EnvironmentFault(`SMTP_URL=${smtpUrl}: smtp://host:port or smtps://user:password@host:port is wanted`);
  }
  return {
    host: environment['EMAIL_HOST'] ?? '127.0.0.1',
    port: envNumber(environment, 'EMAIL_PORT', 3001, 0, 65_535),
    brokers: (environment['TRUNKLINE_BROKERS'] ?? '').split(',').filter((broker) => broker !== ''),
    dataDir: environment['EMAIL_DATA_DIR'] ?? '.trunkline/email',
    smtpUrl,
    from: environment['EMAIL_FROM'] ?? 'Trunkline Shop <shop@example.com>',
    concurrency: envNumber(environment, 'EMAIL_CONCURRENCY', 10, 1, 1_000),
  };
}
