/** Topics that all nodes of an app share: what `live.publish` sends and `this.subscribe` hears. */
export interface PubSub {
  /**
   * Sends a message to every listener of the topic on every node, this one included. The message is plain JSON: listeners get a frozen copy.
   * Resolves when it is handed over; nobody may be listening.
   */
  publish(topic: string, message: unknown): Promise<void>;
  /** Hears a topic, in the order published, until the returned function is called (idempotent). */
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
  close(): Promise<void>;
}
