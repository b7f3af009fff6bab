// The demo's own name: `?name=Ada` has done its work when the page is there, and a new name is remembered for the next page.
(() => {
  const YEAR_S = 31_536_000;

  const url = new URL(location.href);
  url.searchParams.delete("name");
  history.replaceState(history.state, "", url);

  const RememberName = {
    mounted() {
      this.handleEvent("remember_name", ({ name }) => {
        document.cookie = `demo_name=${encodeURIComponent(name)}; path=/; samesite=lax; max-age=${YEAR_S}`;
      });
    },
  };

  Convive.hooks = { ...Convive.hooks, RememberName };
})();
