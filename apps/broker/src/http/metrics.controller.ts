import { Controller, Get, Header } from '@nestjs/common';
import { Prometheus } from './prometheus.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly prometheus: Prometheus) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.prometheus.text();
  }
}
