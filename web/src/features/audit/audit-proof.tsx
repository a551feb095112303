import { useQuery } from "@tanstack/react-query";
import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import { ApiError } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { useCan } from "#lib/session.ts";
import { Icon } from "#ui/icon.tsx";
import { Time } from "#ui/time.tsx";
import css from "./audit.module.css";
import { lastVerification } from "./audit-filter.ts";
import { auditVerificationQuery } from "./audit-queries.ts";

type Verified = { at: string; toSeq: number; bad: { text: string; seq: number | null } | null };

const Sentence = ({ verified }: { verified: Verified }) => {
  const { at, toSeq, bad } = verified;
  if (bad !== null) {
    return (
      <>
        <Icon name="down" />
        <b>
          {bad.seq === null ? "The chain is broken" : `The chain is broken at event ${formatCount(bad.seq)}`}
        </b>
        <span className={`cut ${css.proofRest}`}>
          {bad.text}. {toSeq === 0 ? "No event before it holds" : `Events 1 to ${formatCount(toSeq)} hold`},
          verified <Time at={at} full />
        </span>
      </>
    );
  }
  return (
    <>
      <span className="tx-ok">
        <Icon name="ok" />
      </span>
      <b>
        {toSeq === 0 ? "Nothing to verify yet" : `Verified to event ${formatCount(toSeq)}`} at{" "}
        <Time at={at} full />
      </b>
    </>
  );
};

/**
 * How far the chain of hashes has been walked and found whole. What nobody verified since the page was opened
 * is taken from the trail, where every verification is recorded.
 */
export const AuditProof = (props: { organization: string; events: readonly AuditEvent[] }) => {
  const { organization, events } = props;
  const canVerify = useCan(organization, "audit:verify");
  const { data, error, isFetching, refetch } = useQuery(auditVerificationQuery(organization));
  const recorded = lastVerification(events);
  const verified: Verified | undefined =
    data !== undefined
      ? {
          at: data.verifiedAt,
          toSeq: data.verifiedToSeq,
          bad: data.firstBad === null ? null : { text: data.firstBad.problem, seq: data.firstBad.seq },
        }
      : recorded === undefined
        ? undefined
        : {
            at: recorded.at,
            toSeq: recorded.verifiedToSeq,
            bad:
              recorded.problem === null ? null : { text: recorded.problem, seq: recorded.verifiedToSeq + 1 },
          };
  const newestSeq = events.find(({ seq }) => seq !== null)?.seq ?? null;
  const newer =
    verified === undefined || verified.bad !== null || newestSeq === null ? 0 : newestSeq - verified.toSeq;
  const isBroken = verified !== undefined && verified.bad !== null;
  const verify = canVerify && (
    <button type="button" className={css.proofAct} disabled={isFetching} onClick={() => void refetch()}>
      {isFetching ? "Verifying…" : "Verify now"}
    </button>
  );
  return (
    <div className={`${css.proof} ${isBroken ? css.broken : ""}`} role={isBroken ? "alert" : "status"}>
      {error !== null ? (
        <>
          <b className="tx-warn">Not verified.</b>
          <span className="cut">
            {error.message}
            {error instanceof ApiError && error.requestId !== null && (
              <span className="mono c3"> {error.requestId}</span>
            )}
          </span>
        </>
      ) : verified === undefined ? (
        <>
          <Icon name="unknown" />
          <span className="c2">Not verified yet</span>
        </>
      ) : (
        <Sentence verified={verified} />
      )}
      {error === null && newer > 0 && (
        <span className="c3 t12 cut no-phone">{formatCount(newer)} newer, chained but not walked yet</span>
      )}
      <span className="grow" />
      {verify}
    </div>
  );
};
