// Rows: a figure of ours, a yardstick of the same run, their ratio, and the goal.

/** Gathers figures over repetitions and makes rows of their medians. */
export class Report {
  rows = [];

  /**
   * `goal`: { atLeast } or { atMost } on ours / yardstick; missing: the figure is shown, nothing is asked of it.
   * `yardstick` undefined: the peer is not installed; the row says so. `ours` undefined: only the peer was measured.
   */
  add({ name, unit, mode, ours = null, yardstickName, yardstick, goal }) {
    const ratio = yardstick === undefined || yardstick === 0 || ours === null ? null : ours / yardstick;
    const reached =
      goal === undefined || ratio === null ? null : 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
    const row = {
      name,
      unit,
      mode: mode ?? null,
      ours,
      yardstick: yardstickName ?? null,
      yardstickValue: yardstick ?? null,
      ratio,
      goal: goal === undefined ? null : 'atLeast' in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`,
      reached,
    };
    this.rows.push(row);
    console.log(line(row));
    return row;
  }

  get missed() {
    return this.rows.filter(({ reached }) => reached === false);
  }
}

const number = (value) =>
  value === null ? '-' : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

function line({ name, unit, mode, ours, yardstick, yardstickValue, ratio, goal, reached }) {
  const what = `${name}${mode ? ` [${mode}]` : ''}`;
  const against =
    yardstick === null ? '' : `   ${yardstick}: ${yardstickValue === null ? 'not installed' : number(yardstickValue)}`;
  const verdict =
    ratio === null
      ? ''
      : `   ratio ${number(ratio)}${goal ? ` (goal ${goal}: ${reached ? 'reached' : 'MISSED'})` : ''}`;
  return `${what.padEnd(64)} ${number(ours).padStart(10)} ${unit}${against}${verdict}`;
}
