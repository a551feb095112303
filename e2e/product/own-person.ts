import { acceptInvitation, createInvitation } from "@wheelhouse/shared/access/members.ts";
import { type Api, type Credential, expectAnswer } from "../fleet/api.ts";

/** A new member of the admin's organization, whose sessions only the calling journey uses. */
export const makePerson = async (
  admin: Api,
  role: "viewer" | "operator" | "auditor",
): Promise<Credential> => {
  const email = `journey-${crypto.randomUUID().slice(0, 8)}@northwind.example`;
  const password = `password of ${email}`;
  const invited = await admin.send("POST", "/invitations", { email, role });
  const { path } = expectAnswer("the journey's invitation", invited, createInvitation.response);
  const token = path.slice(path.indexOf("#") + 1);
  const accepted = await admin.send("POST", "/invitations/accept", { token, name: email, password });
  const { organization } = expectAnswer("its acceptance", accepted, acceptInvitation.response);
  return { email, password, role, organization: organization.slug };
};
