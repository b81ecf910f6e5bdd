// `npm run start:email`, `npm run start:query`: one service alone.
import './build.mjs';
await import(`../../apps/${process.argv[2]}/dist/main.js`);
