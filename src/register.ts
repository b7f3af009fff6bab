/**
 * What an app tells Convive once about its own types.
 *
 * @example
 * declare module "convive" {
 *   interface Register { user: Account; session: AppSession }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Register {}

declare global {
  namespace Express {
    // Merges with passport's, exists without it.
    interface User {}
  }
}

/** The user when the app names no type of its own: an id, perhaps a name. */
export interface DefaultUser {
  readonly id: string | number;
  readonly name?: string;
}

/** `view.user`: what `Register` says, else Express's `User`, else an id and perhaps a name. */
export type User = Register extends { user: infer U extends object }
  ? U
  : keyof Express.User extends never
    ? DefaultUser
    : Express.User;

/** `view.session`: what `Register` says, else a record. */
export type Session = Register extends { session: infer S } ? S : Readonly<Record<string, unknown>>;

/** Route parameters of a view. */
export type Params = Readonly<Record<string, string | undefined>>;
