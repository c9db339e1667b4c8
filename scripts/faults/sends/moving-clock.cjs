// Preloaded: a wall clock that can be set, as an operator or NTP may set it. The monotonic clock stays as it is.
const RealDate = Date;
let shiftMs = 0;
const now = () => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, given) => Reflect.construct(target, args.length === 0 ? [now()] : args, given),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

globalThis.shiftClock = (ms) => {
  shiftMs = ms;
};
