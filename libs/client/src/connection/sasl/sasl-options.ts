/** A bearer token, as the provider got it. */
export interface OauthToken {
  /** The token itself, as it goes into `auth=Bearer …` (RFC 6750). Never logged. */
  readonly token: string;
  /** SASL extensions (KIP-342): names are letters only; `auth` is not allowed. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** The identity to act for (RFC 7628 `a=`). Default: none. */
  readonly authorizationId?: string;
}

/** [sasl.mechanism] and what it needs. Secrets are kept in memory only and never shown. */
export type SaslOptions =
  | { readonly mechanism: 'PLAIN'; readonly username: string; readonly password: string }
  | {
      readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
      /** The name and password are those of a delegation token (KIP-48). Default: false. */
      readonly tokenAuthentication?: boolean;
    }
  | {
      readonly mechanism: 'OAUTHBEARER';
      /** Asked for a token before each connection and each re-authentication. */
      readonly token: () => Promise<OauthToken> | OauthToken;
    };
