import { type DynamicModule, Module } from '@nestjs/common';
import type { Broker } from '@trunkline/broker';
import { BROKER } from './broker-token.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { Prometheus } from './prometheus.js';

@Module({ controllers: [HealthController, MetricsController] })
export class AppModule {
  static over(broker: Broker): DynamicModule {
    return {
      module: AppModule,
      providers: [
        { provide: BROKER, useValue: broker },
        { provide: Prometheus, useFactory: () => new Prometheus(broker) },
      ],
    };
  }
}
