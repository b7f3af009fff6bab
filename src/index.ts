export { convive, type CloseOptions, type Health, type Live, type LiveStats } from "./convive.js";
export { ControlFlow, forbidden, notFound, redirect } from "./control-flow.js";
export { colorFor } from "./cursor/color.js";
export { CursorTracker, type Cursor, type Cursors } from "./cursor/tracker.js";
export type { Cache } from "./cursor/cache.js";
export { CaretMixin, type Caret, type CaretMembers, type WithCarets } from "./cursor/mixin-carets.js";
export { LiveCursorMixin, type CursorMembers, type CursorStatics, type WithCursors } from "./cursor/mixin.js";
export { ConviveError, ERROR_CODES, type ErrorCode, type ErrorDetails } from "./errors.js";
export {
  event,
  type EventDecorator,
  type EventFactory,
  type EventInfo,
  type EventOptions,
  type EventSchemas,
  type FormPayload,
  type Output,
} from "./event.js";
export { LiveView, type Guard } from "./live-view.js";
export type { Logger } from "./logger.js";
export { DEFAULT_LIMITS, type ConviveOptions, type Limits } from "./options.js";
export type { AddOptions, Connection, Room, RoomChange } from "./presence/connection.js";
export type {
  DeleteOperation,
  EvictOperation,
  Head,
  KickOrder,
  Lifetime,
  NodesSummary,
  NodeSummary,
  Operation,
  PresenceBackend,
  PruneRequest,
  PutOperation,
  Removal,
  RoomEvent,
  RoomListener,
  RoomLosses,
  RoomSnapshot,
  RoomSummary,
  RoomWrite,
  RoomWriteResult,
  TickRequest,
  TickResult,
} from "./presence/backend.js";
export type { RoomOptions } from "./presence/seats.js";
export { matchPresenceKey, presenceKey, type KeyValues } from "./presence/key.js";
export { PresenceManager, type Bot, type JoinOptions, type PresenceHealth } from "./presence/manager.js";
export type { PrunedRoom, PruneOptions } from "./presence/pruning.js";
export {
  PresenceMixin,
  type PresenceMembers,
  type PresenceStatics,
  type RoomCallbacks,
  type Statics,
  type ViewClass,
  type ViewRoom,
  type WithPresence,
} from "./presence/mixin.js";
export type {
  LeaveReason,
  Meta,
  Presence,
  PresenceChange,
  PresenceEvent,
  PresencePermission,
  PresenceRecord,
  PresenceRequest,
  Reserved,
  Status,
} from "./presence/presence.js";
export { TypingMixin, type Typing, type TypingMembers, type WithTyping } from "./presence/mixin-typing.js";
export { defineShared, type Shared, type SharedDefinition, type SharedRoom } from "./presence/shared.js";
export type { PresenceStats } from "./presence/node.js";
export type { ManagerOptions } from "./presence/standalone.js";
export type { RoomCount } from "./presence/room-listing.js";
export type { PubSub } from "./pubsub/pubsub.js";
export type {
  RedisClient,
  RedisCluster,
  RedisOption,
  RedisParts,
  RedisPlace,
  RedisSentinels,
  RedisServer,
} from "./redis/clients.js";
export type { DefaultUser, Params, Register, Session, User } from "./register.js";
export { freeze, type Frozen } from "./render/freeze.js";
export { inline, type InlineTemplate } from "./render/inline.js";
export type { PushTarget } from "./session/delivery.js";
export type { Store } from "./store.js";
