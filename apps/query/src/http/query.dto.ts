import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';

/** The parameters of `GET /query`. */
export class QueryParameters {
  @ApiProperty({
    description: 'One SELECT statement over the table `orders`',
    example: 'SELECT country, count(*) AS orders, round(sum(amount)) AS amount FROM orders GROUP BY 1 ORDER BY 1',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(10_000)
  sql!: string;

  @ApiPropertyOptional({ description: 'Rows to answer with at the most', minimum: 1 })
  @IsOptional()
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  rows?: number;

  @ApiPropertyOptional({ description: 'Stream the rows as JSON lines: the columns first, then a line a row' })
  @IsOptional()
  @Transform(({ value }) => (value === 'true' || value === '' ? true : value === 'false' ? false : value))
  @IsBoolean()
  stream?: boolean;
}

/** A column of an answer. */
export class AnswerColumnDto {
  @ApiProperty({ example: 'country' })
  name!: string;

  @ApiProperty({ example: 'VARCHAR' })
  type!: string;
}

/** A small answer as a whole. */
export class AnswerDto {
  @ApiProperty({ type: [AnswerColumnDto] })
  columns!: AnswerColumnDto[];

  @ApiProperty({ description: 'Rows, each an array of values in the order of the columns', type: 'array', items: {} })
  rows!: unknown[][];

  @ApiProperty({ description: 'True when there are more rows: ask with stream=true' })
  more!: boolean;

  @ApiProperty({ description: 'Milliseconds that the query took' })
  tookMs!: number;
}
