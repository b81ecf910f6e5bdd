import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBadRequestResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Bus } from '@trunkline/nest';
import { OrderPlaced } from '../contracts.js';
import { OrderPlacedEvent, PlaceOrder } from '../order.js';

/** The answer to `POST /orders`. */
export class OrderAccepted {
  @ApiProperty({ example: 'order-1001' })
  id!: string;
}

@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  constructor(private readonly bus: Bus) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Places an order; its confirmation is sent by e-mail' })
  @ApiAcceptedResponse({ type: OrderAccepted, description: 'The order is in the log; the e-mail follows' })
  @ApiBadRequestResponse({ description: 'The fields that are wrong' })
  async place(@Body() order: PlaceOrder): Promise<OrderAccepted> {
    const id = order.id ?? randomUUID();
    const placed = Object.assign(new OrderPlacedEvent(), order, { id, placedAtMs: Date.now() });
    await this.bus.publish(OrderPlaced, placed, { key: order.email.toLowerCase() });
    return { id };
  }
}
