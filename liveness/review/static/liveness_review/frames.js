// The frames of a video, one by one. Where the browser tells which frame it shows, a step is exactly one frame;
// where it does not, a step is 1/25 s and is called so.
const GUESS = 1 / 25;
const PROBE = 1 / 60;
const HAIR = 0.001;
const PATIENCE_MS = 500;
const LONGEST = 1;
const UNMEASURED = 0.1;
const MOST_OWED = 3;

// `onFrame(seconds)` is called for every frame that is shown, and `onMeasure(seconds)` when its length is known.
export function framesOf(video, onFrame, onMeasure) {
  const isExact = "requestVideoFrameCallback" in video;
  let shown = 0;
  let length = null;
  let owed = 0;
  let running = null;
  let arrived = null;

  function measure(gap) {
    if (gap < HAIR || (length && gap >= length)) return;
    length = gap;
    onMeasure(gap);
  }

  function tick(now, frame) {
    if (!video.isConnected) return;
    shown = frame.mediaTime;
    arrived?.();
    onFrame(shown);
    video.requestVideoFrameCallback(tick);
  }

  function tock() {
    if (!video.isConnected) return;
    onFrame(video.currentTime);
    if (!video.paused) requestAnimationFrame(tock);
  }

  if (isExact) video.requestVideoFrameCallback(tick);
  else ["play", "seeked"].forEach((name) => video.addEventListener(name, tock));

  // Can the frame that was last told of be the one at this place? It may be of where the video stood before.
  const fits = (place, longest) => shown <= place + HAIR && place - shown <= longest + HAIR;
  const isSettled = () => video.paused && !video.seeking && fits(video.currentTime, length ?? UNMEASURED);

  // The time of the frame that the browser shows after it was sent to `target`.
  async function frameAt(target) {
    const frame = new Promise((done) => {
      arrived = () => fits(target, LONGEST) && done();
      setTimeout(done, PATIENCE_MS);
    });
    const landed = new Promise((done) => {
      video.addEventListener("seeked", done, { once: true });
      setTimeout(done, PATIENCE_MS);
    });
    video.currentTime = target;
    await Promise.all([frame, landed]);
    arrived = null;
    return shown;
  }

  async function forward() {
    const from = shown;
    for (let ahead = length ?? PROBE; ahead < LONGEST; ahead = length ? ahead * 1.5 : ahead + PROBE) {
      const target = from + ahead + HAIR;
      if (target >= video.duration) return;
      const found = await frameAt(target);
      if (found > from + HAIR) {
        measure(found - from);
        return;
      }
    }
  }

  async function one(direction) {
    if (!isExact) video.currentTime += direction * GUESS;
    else if (direction > 0) await forward();
    else if (shown > HAIR) await frameAt(Math.max(0, shown - HAIR));
  }

  async function run() {
    const wasPlaying = !video.paused;
    video.pause();
    if (isExact && (wasPlaying || !isSettled())) await frameAt(video.currentTime);
    while (owed) {
      const direction = Math.sign(owed);
      owed -= direction;
      await one(direction);
    }
  }

  // Done when the video shows the frame. Steps that are asked for meanwhile are still made, but a key that was held
  // does not run on for long.
  function step(direction) {
    if (!video.duration) return Promise.resolve();
    owed = Math.max(-MOST_OWED, Math.min(MOST_OWED, owed + direction));
    running ??= run().finally(() => { running = null; });
    return running;
  }

  return {
    isExact,
    step,
    get length() {
      return length ?? GUESS;
    },
    // Where the video stands: the time of the frame itself, once one is shown.
    get now() {
      return isExact && isSettled() ? shown : video.currentTime;
    },
  };
}
