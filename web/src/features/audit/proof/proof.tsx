import { useMutation, useQuery } from "@tanstack/react-query";
import type { AuditProof as Proof } from "@wheelhouse/shared/audit/proof.ts";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import { Icon } from "#ui/text/icon.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../audit.module.css";
import { auditProofQuery } from "../queries.ts";
import { downloadCheckpoints, useVerification, type VerificationState } from "./verification.ts";

type Verified = {
  at: string;
  toSeq: number;
  keyId: string | null;
  expired: number;
  bad: { text: string; seq: number } | null;
};

const verifiedBy = (state: VerificationState, proof: Proof | undefined): Verified | undefined => {
  if (state.phase === "idle" && state.result !== undefined) {
    const { verifiedAt, verifiedToSeq, checkpoint, expired, firstBad } = state.result;
    return {
      at: verifiedAt,
      toSeq: verifiedToSeq,
      keyId: checkpoint?.keyId ?? null,
      expired: expired?.events ?? 0,
      bad: firstBad === null ? null : { text: firstBad.problem, seq: firstBad.seq },
    };
  }
  if (proof === undefined || proof.verification === null) return undefined;
  const { at, verifiedToSeq, keyId, problem } = proof.verification;
  const bad = problem === null ? null : { text: problem, seq: verifiedToSeq + 1 };
  return { at, toSeq: verifiedToSeq, keyId, expired: 0, bad };
};

const Sentence = ({ verified }: { verified: Verified }) => {
  const { at, toSeq, keyId, expired, bad } = verified;
  if (bad !== null) {
    return (
      <>
        <Icon name="down" />
        <b>The chain is broken at event {formatCount(bad.seq)}</b>
        <span className={`cut ${css.proofRest}`} title={bad.text}>
          {bad.text}.{" "}
          {toSeq === 0 ? "No earlier event is valid" : `Events 1 to ${formatCount(toSeq)} are valid`},
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
        {keyId !== null && (
          <>
            , key <span className="mono">{keyId}</span>
          </>
        )}
      </b>
      {expired > 0 && (
        <span className="c3 t12 cut no-phone">
          content of {formatCount(expired)} expired, covered by a checkpoint
        </span>
      )}
    </>
  );
};

const Walking = ({ seq, of }: { seq: number; of: number }) => (
  <>
    <b>Verifying</b>
    <progress className={css.walk} value={seq} max={Math.max(of, 1)} aria-label="Events verified" />
    <span className="num">
      event {formatCount(seq)} of {formatCount(of)}
      {of > 0 && <span className="c3">, {Math.floor((seq / of) * 100)}%</span>}
    </span>
  </>
);

const Failed = ({ error }: { error: Error }) => (
  <>
    <b className="tx-warn">Not verified.</b>
    <span className="cut">
      {error.message}
      {error instanceof ApiError && error.requestId !== null && (
        <span className="mono c3"> {error.requestId}</span>
      )}
    </span>
  </>
);

const Signed = ({ proof }: { proof: Proof }) => {
  const away = proof.sinks.filter(({ problem }) => problem !== null);
  if (proof.checkpoint === null) return <>not signed yet, chained to {formatCount(proof.headSeq)}</>;
  return (
    <>
      signed to event {formatCount(proof.checkpoint.seq)}, chained to {formatCount(proof.headSeq)}
      {away.length > 0 && (
        <span className="tx-warn"> · {away.map(({ name }) => name).join(", ")} cannot be reached</span>
      )}
    </>
  );
};

/**
 * How far the hash chain has been verified against the signed checkpoints. Until somebody verifies on this
 * page, the last result is the one that the trail recorded, however long ago.
 */
export const AuditProof = ({ organization }: { organization: string }) => {
  const canVerify = useCan(organization, "audit:verify");
  const { state, start, cancel } = useVerification(organization);
  const { data: proof, error: proofError } = useQuery(auditProofQuery(organization));
  const download = useMutation({ mutationFn: () => downloadCheckpoints(organization) });
  const verified = verifiedBy(state, proof);
  const isBroken = state.phase === "idle" && verified !== undefined && verified.bad !== null;
  const isRunning = state.phase === "running";
  return (
    <div className={`${css.proof} ${isBroken ? css.broken : ""}`} role={isBroken ? "alert" : "status"}>
      {isRunning ? (
        <Walking seq={state.seq} of={state.of} />
      ) : state.phase === "failed" ? (
        <Failed error={state.error} />
      ) : verified !== undefined ? (
        <Sentence verified={verified} />
      ) : proof === undefined ? (
        <span className="c2">
          {proofError === null ? "Loading the last verification" : `Unknown: ${proofError.message}`}
        </span>
      ) : (
        <>
          <Icon name="unknown" />
          <span className="c2">Not verified yet</span>
        </>
      )}
      {!isRunning && !isBroken && proof !== undefined && (
        <span className="c3 t12 cut no-phone">
          <Signed proof={proof} />
        </span>
      )}
      {download.isError && <span className="tx-warn t12 cut">{download.error.message}</span>}
      <span className="grow" />
      {canVerify && (
        <button type="button" className={css.proofAct} onClick={isRunning ? cancel : start}>
          {isRunning ? "Cancel" : "Verify now"}
        </button>
      )}
      {proof !== undefined && proof.checkpoint !== null && (
        <button
          type="button"
          className={css.proofAct}
          disabled={download.isPending}
          onClick={() => download.mutate()}
        >
          Download proof
        </button>
      )}
    </div>
  );
};
