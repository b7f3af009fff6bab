import { randomUUID } from "node:crypto";
import { colorFor, defineShared, event, LiveView, notFound, PresenceMixin, TypingMixin } from "convive";
import type { FormPayload, Presence, PresenceChange } from "convive";
import { openStore } from "../open-store.js";

interface Person {
  name: string;
  color: string;
}

interface Message extends Person {
  readonly id: string;
  /** the id of whoever wrote it */
  readonly by: string;
  readonly text: string;
}

const MAX_MESSAGES = 200;
const MAX_LENGTH = 2_000;

function addMessage(messages: readonly Message[], message: Message): readonly Message[] {
  if (messages.some(({ id }) => id === message.id)) return messages;
  return [...messages, message].slice(-MAX_MESSAGES);
}

const chats = openStore<readonly Message[]>("chats", []);
const chat = defineShared({
  key: "chat:{chatId}",
  load: ({ chatId }) => chats.load(chatId),
  on: { say: addMessage },
});

export class ChatView extends TypingMixin(PresenceMixin(LiveView<{ chatId: string }>)<Person>) {
  static override template = "chat";
  static override presenceKey = "chat:{chatId}";

  messages = this.share(chat);
  override pageTitle = `Chat: ${this.params.chatId}`;

  override async mount() {
    if (!/^[\w-]{1,64}$/.test(this.params.chatId)) throw notFound();
    await this.trackPresence(this.me());
  }

  private me(): Person {
    return { name: this.user?.name ?? "Guest", color: colorFor(this.getPresenceUserId()) };
  }

  @event draft({ text = "" }: FormPayload) {
    if (text) this.startTyping("message");
    else this.stopTyping();
  }

  @event async say({ text = "" }: FormPayload) {
    this.stopTyping();
    if (!text.trim()) return;
    const message = { ...this.me(), id: randomUUID(), by: this.getPresenceUserId(), text: text.slice(0, MAX_LENGTH) };
    await chats.change(this.params.chatId, addMessage, message);
    this.messages.send("say", message);
    this.pushEvent("said", { text });
  }

  override handlePresenceJoin({ name }: Presence<Person>, { self }: PresenceChange) {
    if (!self) this.pushEvent("flash", { message: `${name} joined` });
  }

  override handlePresenceLeave({ name }: Presence<Person>) {
    this.pushEvent("flash", { message: `${name} left` });
  }
}
