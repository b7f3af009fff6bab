// What the pages of the demo need in the browser beside Convive.
(() => {
  const YEAR_S = 31_536_000;

  // `?name=Ada` has done its work when the page is there; who is given its address has a name of his own.
  const url = new URL(location.href);
  url.searchParams.delete("name");
  history.replaceState(history.state, "", url);

  /** Keeps a new name for the next page. */
  const RememberName = {
    mounted() {
      this.handleEvent("remember_name", ({ name }) => {
        document.cookie = `demo_name=${encodeURIComponent(name)}; path=/; samesite=lax; max-age=${YEAR_S}`;
      });
    },
  };

  /** The field for messages: free again when its message was said, unless the next one has been begun. */
  const Message = {
    mounted() {
      this.handleEvent("said", ({ text }) => {
        if (this.el.value === text) this.el.value = "";
      });
    },
  };

  Convive.hooks = { ...Convive.hooks, RememberName, Message };
})();
