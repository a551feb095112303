export { NewPasswordField, passwordComplaint } from "./new-password.tsx";
export { SignInFrame } from "./sign-in-frame.tsx";
