import { invalidField } from "#lib/http/errors.ts";

const lengthMin = 12;
const lengthMax = 1_024;

// The most common leaked passwords, limited to those long enough to be accepted here.
const common = [
  "password1234",
  "passw0rd1234",
  "passwordpassword",
  "password12345",
  "password123456",
  "123456789012",
  "1234567890123",
  "12345678901234",
  "123456789123456789",
  "qwertyuiopasdf",
  "qwertyuiop123",
  "qwerty123456",
  "qwertyqwerty",
  "1q2w3e4r5t6y",
  "1qaz2wsx3edc",
  "iloveyou1234",
  "letmein12345",
  "welcome12345",
  "welcome123456",
  "changeme1234",
  "changemeplease",
  "administrator",
  "administrator1",
  "adminadmin123",
  "correcthorsebatterystaple",
];
const plain = (text: string) => text.toLowerCase().replace(/[\s._-]+/g, "");
const blocked = new Set(common.map(plain));

/**
 * Why a password is too weak; null if it is acceptable. Checks length and common guesses, as in NIST SP
 * 800-63B-4; rules about character classes do not make passwords harder to guess.
 */
function passwordProblem(password: string, { email, name }: { email: string; name: string }): string | null {
  if (password.length < lengthMin) return `must have at least ${lengthMin} characters`;
  if (password.length > lengthMax) return `must have at most ${lengthMax} characters`;
  const text = plain(password);
  const own = [email, email.split("@")[0] ?? "", name, "wheelhouse"].map(plain);
  // Ignores leading and trailing digits and symbols, so that appending a year does not help.
  const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  if (own.some((word) => word.length > 2 && (text === word || core === word)))
    return "must not be your own name or address";
  if (blocked.has(text)) return "is too easy to guess";
  if (new Set(text).size < 4 || isRun(text))
    return "must not be a sequence of repeated or adjacent characters";
  return null;
}

/** @param field path of the password, e.g. `body.newPassword`. @throws AppError `validation_failed`. */
export function demandGoodPassword(field: string, password: string, person: { email: string; name: string }) {
  const problem = passwordProblem(password, person);
  if (problem) throw invalidField(field, problem);
}

// `abcdefghijkl`, `210987654321`: each character is next to the one before it, wrapping around at the ends.
function isRun(text: string): boolean {
  const steps = [...text]
    .slice(1)
    .map((character, at) => ((character.codePointAt(0) ?? 0) - (text.codePointAt(at) ?? 0) + 10) % 10);
  return steps.every((step) => step === 1) || steps.every((step) => step === 9);
}
