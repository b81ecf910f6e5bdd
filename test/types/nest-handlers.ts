// Checked by `npm run types`: handlers of the wrong type do not compile. Nothing here runs.
import { type Message, Payload, Respond, Subscribe, Work, call, json, queue, topic } from '@trunkline/nest';

const Placed = topic('placed', json<{ id: number }>());
const Job = queue('job', json<{ to: string }>());
const Ask = call('ask', { request: json<string>(), reply: json<number>() });
const Rows = call.stream('rows', { request: json<string>(), item: json<number>() });

export class Fits {
  @Subscribe(Placed)
  placed(_event: { id: number }, _message: Message): void {}

  @Subscribe(Placed, { broadcast: true })
  placedToo(@Payload() _event: { id: number }, _key: string): void {}

  @Work(Job)
  async job(_job: { to: string }): Promise<void> {}

  @Respond(Ask)
  ask(question: string): number {
    return question.length;
  }

  @Respond(Rows)
  async *rows(_question: string): AsyncGenerator<number> {
    yield 1;
  }
}

export class DoesNotFit {
  // @ts-expect-error: the event is an object
  @Subscribe(Placed)
  placed(_event: number): void {}

  // @ts-expect-error: the job has another field
  @Work(Job)
  job(_job: { from: string }): void {}

  // @ts-expect-error: a worker returns nothing
  @Work(Job)
  async returns(_job: { to: string }): Promise<number> {
    return 1;
  }

  // @ts-expect-error: the answer is a number
  @Respond(Ask)
  ask(_question: string): string {
    return '';
  }

  // @ts-expect-error: the question is a text
  @Respond(Ask)
  question(_question: number): number {
    return 1;
  }

  // @ts-expect-error: a streamed call needs a generator
  @Respond(Rows)
  rows(_question: string): number {
    return 1;
  }

  // @ts-expect-error: a queue is not subscribed to
  @Subscribe(Job)
  queue(_job: { to: string }): void {}
}
