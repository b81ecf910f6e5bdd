import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsEmail,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';

/** A line of an order. */
export class OrderItem {
  @ApiProperty({ example: 'anvil' })
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  product!: string;

  @ApiProperty({ example: 2, minimum: 1, maximum: 10_000 })
  @IsInt()
  @Min(1)
  @Max(10_000)
  quantity!: number;

  @ApiProperty({ example: 19.9, description: 'Price of one, in the order’s currency' })
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(1_000_000)
  price!: number;
}

/** What every order says. */
export class OrderDetails {
  @ApiProperty({ example: 'ada@example.com' })
  @IsEmail()
  @MaxLength(254)
  email!: string;

  @ApiProperty({ example: 'Ada Lovelace' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name!: string;

  @ApiProperty({ type: [OrderItem] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => OrderItem)
  items!: OrderItem[];
}

/** The body of `POST /orders`. */
export class PlaceOrder extends OrderDetails {
  @ApiPropertyOptional({
    example: 'order-1001',
    description: 'Names the order for good: one id is confirmed once. Missing: one is made.',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9._-]{1,100}$/, { message: 'id must be 1 to 100 letters, digits, dots, dashes or underscores' })
  id?: string;
}

/** The event `orders.placed`: an order with its id and time. */
export class OrderPlacedEvent extends OrderDetails {
  @IsString()
  id!: string;

  @IsInt()
  placedAtMs!: number;
}
