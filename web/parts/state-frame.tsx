import { useEffect, useRef, useState } from "react";

const placesMax = 2;
const waiting: (() => void)[] = [];
let taken = 0;

const callNext = () => {
  while (taken < placesMax) {
    const next = waiting.shift();
    if (next === undefined) return;
    taken += 1;
    next();
  }
};
/** Calls `load` when it is its turn; returns how to withdraw. */
const takeTurn = (load: () => void): (() => void) => {
  waiting.push(load);
  callNext();
  return () => {
    const place = waiting.indexOf(load);
    if (place >= 0) waiting.splice(place, 1);
  };
};
const endTurn = () => {
  taken -= 1;
  callNext();
};

/**
 * A page in a frame. Each one loads about a hundred modules: all at once they hold each other up and stay blank for
 * long, so what is near the view loads, two at a time.
 */
export const StateFrame = ({ title, src }: { title: string; src: string }) => {
  const [phase, setPhase] = useState<"waiting" | "loading" | "loaded">("waiting");
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null) return;
    let withdraw = () => {};
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting !== true) return withdraw();
        withdraw = takeTurn(() => {
          observer.disconnect();
          setPhase("loading");
        });
      },
      { rootMargin: "400px" },
    );
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      withdraw();
    };
  }, []);
  const loaded = () => {
    setPhase("loaded");
    endTurn();
  };
  return (
    <div ref={place} className="parts-frame" aria-busy={phase !== "loaded"}>
      {phase !== "loaded" && <p>Loading…</p>}
      {phase !== "waiting" && <iframe title={title} src={src} onLoad={loaded} />}
    </div>
  );
};
