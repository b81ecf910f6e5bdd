import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { embedded } from '@trunkline/engine-embedded';
import { kafka } from '@trunkline/engine-kafka';
import { TrunklineModule } from '@trunkline/nest';
import { QUERY_CONFIG, type QueryConfig } from './config.js';
import { QueryDatabase } from './data/database.js';
import { ordersTable } from './data/orders-table.js';
import { HealthController } from './http/health.controller.js';
import { QueryController } from './http/query.controller.js';
import { QueryResponder } from './query.responder.js';

@Module({})
export class AppModule {
  static with(config: QueryConfig): DynamicModule {
    const engine =
      config.brokers.length > 0
        ? kafka({ brokers: config.brokers })
        : embedded({ dataDir: join(config.dataDir, 'broker') });
    return {
      module: AppModule,
      imports: [TrunklineModule.forRoot({ service: 'query', engine })],
      controllers: [QueryController, HealthController],
      providers: [
        { provide: QUERY_CONFIG, useValue: config },
        {
          provide: QueryDatabase,
          useFactory: async () =>
            QueryDatabase.open({ orders: await ordersTable(config.dataDir, config.rows) }, config.limits),
        },
        QueryResponder,
      ],
    };
  }
}
