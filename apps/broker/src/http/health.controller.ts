import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import type { Broker } from '@trunkline/broker';
import { BROKER } from './broker-token.js';

@Controller('health')
export class HealthController {
  constructor(@Inject(BROKER) private readonly broker: Broker) {}

  /** The process runs and its event loop turns. */
  @Get('live')
  live(): { readonly status: string } {
    return { status: 'live' };
  }

  /** Requests of Kafka clients are served. */
  @Get('ready')
  ready(): { readonly status: string; readonly listeners: readonly string[] } {
    if (!this.broker.ready) throw new ServiceUnavailableException({ status: 'not ready' });
    const listeners = this.broker.addresses.map(
      ({ name, advertised }) => `${name}://${advertised.host}:${advertised.port}`,
    );
    return { status: 'ready', listeners };
  }
}
