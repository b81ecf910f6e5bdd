import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@trunkline/nest';

/** What an orchestrator asks: is the process alive, and do its handlers hear. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly bus: Bus) {}

  @Get('live')
  @HttpCode(200)
  live(): { status: string } {
    return { status: 'up' };
  }

  @Get('ready')
  ready(): unknown {
    const health = this.bus.health();
    if (health.status !== 'up') throw new ServiceUnavailableException(health);
    return health;
  }
}
