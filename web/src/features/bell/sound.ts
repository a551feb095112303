let context: AudioContext | undefined;

/** Two short tones; silent where the browser allows no sound before the person has touched the page. */
export const ring = (): void => {
  try {
    context ??= new AudioContext();
    const { currentTime } = context;
    for (const [at, frequency] of [
      [0, 880],
      [0.22, 660],
    ] as const) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(0.12, currentTime + at);
      gain.gain.exponentialRampToValueAtTime(0.001, currentTime + at + 0.2);
      tone.connect(gain).connect(context.destination);
      tone.start(currentTime + at);
      tone.stop(currentTime + at + 0.2);
    }
  } catch {
    // Without sound the count still rises.
  }
};
