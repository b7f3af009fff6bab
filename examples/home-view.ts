import { LiveView, PresenceMixin } from "convive";

/** Sees who is on the demo board without being there: it watches the room and tracks nobody. */
export class HomeView extends PresenceMixin(LiveView) {
  static override template = "home";
  static override presenceKey = "whiteboard:demo";

  name = this.user?.name ?? "";
}
