import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Organization } from "../tree.ts";
import type { Rights } from "./actor.ts";

type ViewInput = {
  user: SessionView["user"];
  signedInBy: SessionView["signedInBy"];
  organization: Organization;
  rights: Rights;
  expiresAt: Date;
  clock: Clock;
};

export function sessionViewOf({
  user,
  signedInBy,
  organization,
  rights,
  expiresAt,
  clock,
}: ViewInput): SessionView {
  const reference = ({ id, slug, name, parentId }: Organization): OrganizationRef[] => {
    const role = rights.roleIn(id);
    return role ? [{ id, slug, name, parentId, role }] : [];
  };
  const [current] = reference(organization);
  if (!current) throw new Error("a session is viewed from an organization of which its user is not a member");
  return {
    user,
    signedInBy,
    organization: current,
    organizations: rights.organizations().flatMap(reference),
    capabilities: rights.capabilitiesIn(organization.id),
    expiresAt: expiresAt.toISOString(),
    serverTime: new Date(clock.now()).toISOString(),
  };
}
