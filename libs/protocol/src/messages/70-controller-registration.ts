import { type RequestOf, type ResponseOf, api } from '../api.js';
import { array, bool, int16, int32, nullable, string, struct, uint16, uuid } from '../schema.js';

/**
 * ControllerRegistration (70): a controller registers with the active one.
 */

const request = struct({
  controllerId: int32,
  incarnationId: uuid,
  zkMigrationReady: bool,
  listeners: array(
    struct({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
  ),
  features: array(
    struct({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  ),
});

const response = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullable(string),
});

/** ControllerRegistration (70): a controller registers with the active one. */
export const ControllerRegistration = api({
  key: 70,
  name: 'ControllerRegistration',
  versions: [0, 0],
  flexibleFrom: 0,
  request,
  response,
});
export type ControllerRegistrationRequest = RequestOf<typeof ControllerRegistration>;
export type ControllerRegistrationResponse = ResponseOf<typeof ControllerRegistration>;
