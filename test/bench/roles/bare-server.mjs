// A Node process that does nothing but listen: the floor of starting.
import net from 'node:net';

const server = net.createServer(() => {});
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
