import { type DynamicModule, Module } from '@nestjs/common';
import { embedded } from '@trunkline/engine-embedded';
import { kafka } from '@trunkline/engine-kafka';
import { TrunklineModule } from '@trunkline/nest';
import type { EmailConfig } from './config.js';
import { HealthController } from './http/health.controller.js';
import { OrdersController } from './http/orders.controller.js';
import { EmailWorker } from './mail/email.worker.js';
import { Smtp } from './mail/smtp.js';

@Module({})
export class AppModule {
  static with(config: EmailConfig): DynamicModule {
    const engine =
      config.brokers.length > 0 ? kafka({ brokers: config.brokers }) : embedded({ dataDir: config.dataDir });
    return {
      module: AppModule,
      imports: [TrunklineModule.forRoot({ service: 'email', engine })],
      controllers: [OrdersController, HealthController],
      providers: [
        { provide: Smtp, useFactory: () => new Smtp(config.smtpUrl, config.from, config.concurrency) },
        EmailWorker,
      ],
    };
  }
}
