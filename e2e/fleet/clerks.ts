import type { ReportedAuditEvent } from "@wheelhouse/shared/audit/intake.ts";

export type Act = Omit<ReportedAuditEvent, "idempotencyKey" | "occurredAt">;

const clerks = [
  { id: "desk-11", name: "Accounts desk", address: "192.0.2.11" },
  { id: "desk-12", name: "Orders desk", address: "192.0.2.12" },
  { id: "desk-17", name: "Returns desk", address: "192.0.2.17" },
] as const;
const trainee = { id: "desk-31", name: "Trainee desk", address: "192.0.2.31" };
const names = ["Acme Ltd", "Blue Fern", "Cobalt Works", "Dune Travel", "Elm Street Foods", "Fjord Optics"];
const reasons = ["Asked for by telephone", "Agreed with sales", "Quarterly review", "Invoice was disputed"];
/** A trainee may not give more than this without a colleague. */
const traineeLimit = 50;

const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];
const between = (low: number, high: number) => low + Math.floor(Math.random() * (high - low + 1));

/**
 * The clerks and their customers. Every action changes a customer or is refused; before and after are the customer's
 * states.
 */
export const createClerks = () => {
  const customers = names.map((name, at) => ({
    id: `cus_${1001 + at}`,
    name,
    creditLimit: between(2, 20) * 500,
    blocked: false,
    refunds: 0,
  }));
  type Customer = (typeof customers)[number];

  const target = ({ id, name }: Customer) => [{ type: "customer", id, name }];
  const by = ({ id, name, address }: (typeof clerks)[number] | typeof trainee) => ({
    actor: { id, name, authMethod: "password" as const },
    address,
  });

  const changeLimit = (customer: Customer): Act => {
    const before = customer.creditLimit;
    customer.creditLimit = Math.max(500, before + between(-4, 6) * 250);
    return {
      ...by(pick(clerks) ?? clerks[0]),
      action: "customers.limit.change",
      outcome: "success",
      reason: pick(reasons) ?? null,
      targets: target(customer),
      before: { creditLimit: before },
      after: { creditLimit: customer.creditLimit },
    };
  };

  const toggleBlock = (customer: Customer): Act => {
    const before = customer.blocked;
    customer.blocked = !before;
    return {
      ...by(pick(clerks) ?? clerks[0]),
      action: before ? "customers.account.unblock" : "customers.account.block",
      outcome: "success",
      reason: pick(reasons) ?? null,
      targets: target(customer),
      before: { blocked: before },
      after: { blocked: customer.blocked },
    };
  };

  const refund = (customer: Customer): Act => {
    const amount = between(5, 90);
    const clerk = Math.random() < 0.4 ? trainee : (pick(clerks) ?? clerks[0]);
    const refused = clerk === trainee && amount > traineeLimit;
    const before = customer.refunds;
    if (!refused) customer.refunds += 1;
    return {
      ...by(clerk),
      action: "orders.refund.approve",
      outcome: refused ? "denied" : "success",
      reason: refused ? `Over the limit of ${traineeLimit} for a trainee` : (pick(reasons) ?? null),
      targets: target(customer),
      before: { refunds: before },
      after: { refunds: customer.refunds, amount },
    };
  };

  return {
    /** An action that a clerk takes now. */
    act: (): Act => {
      const customer = pick(customers);
      if (!customer) throw new Error("there are no customers");
      const draw = Math.random();
      return draw < 0.6 ? refund(customer) : draw < 0.9 ? changeLimit(customer) : toggleBlock(customer);
    },
  };
};
