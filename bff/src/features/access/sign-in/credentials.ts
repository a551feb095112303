import type { SignInLimit } from "../limits/limits.ts";
import type { SignInUser, UserStore } from "../user-store.ts";
import type { Passwords } from "./passwords.ts";

type CredentialsDeps = { users: UserStore; passwords: Passwords; limit: SignInLimit };

/**
 * The only place that compares passwords: rate-limited per address and account, and equally slow for unknown
 * users.
 */
export function createCredentials({ users, passwords, limit }: CredentialsDeps) {
  return {
    /**
     * @param onFailure records the failed attempt; receives the user if the address has one.
     * @returns undefined if address and password do not match.
     * @throws AppError `rate_limited`.
     */
    async verify(
      email: string,
      password: string,
      address: string | null,
      onFailure: (user: SignInUser | undefined) => Promise<void>,
    ): Promise<SignInUser | undefined> {
      const attempt = await limit.begin(email, address);
      const check = async () => {
        const user = await users.byEmail(email);
        return { user, matches: await passwords.matches(password, user?.passwordHash) };
      };
      const { user, matches } = await check().catch(async (error: unknown) => {
        await attempt.undecided();
        throw error;
      });
      if (!user || !matches) {
        await attempt.failed();
        await onFailure(user);
        return undefined;
      }
      await attempt.succeeded();
      return user;
    },
  };
}
export type Credentials = ReturnType<typeof createCredentials>;
