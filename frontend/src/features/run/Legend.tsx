type Item = readonly [kind: string, text: string];

/** What the marks of a picture mean. */
export function Legend({ items }: { readonly items: readonly (Item | false | undefined)[] }) {
  return (
    <figcaption>
      <ul className="legend">
        {items.map(
          (item) =>
            item && (
              <li key={item[0]}>
                <i className={`key ${item[0]}`} aria-hidden="true" />
                {item[1]}
              </li>
            ),
        )}
      </ul>
    </figcaption>
  );
}
