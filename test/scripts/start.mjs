// `npm start`: makes sure that the build is there and fresh, then runs the demo.
import './build.mjs';
await import('../../apps/demo/dist/main.js');
