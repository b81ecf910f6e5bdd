// How a broker tells another on whose behalf it forwards a request.
import { message } from '../api.js';
import { type Decoded, bool, string, struct } from '../schema.js';

/** The principal inside an Envelope, behind an int16 version. */
export const DefaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    type: string,
    name: string,
    tokenAuthenticated: bool,
  }),
});
export type DefaultPrincipalData = Decoded<typeof DefaultPrincipalData>;
