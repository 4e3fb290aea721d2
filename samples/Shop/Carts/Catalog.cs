namespace Shop.Carts;

/// <summary>Something to buy. Prices are in cents: money is not a floating-point number.</summary>
public sealed record Product(string Id, string Name, string Note, int PriceCents);

/// <summary>All that this shop has.</summary>
public static class Catalog
{
    public static IReadOnlyList<Product> Products { get; } =
    [
        new("beans", "Sidamo beans", "250 g, washed", 1150),
        new("espresso", "House espresso", "250 g, dark roast", 980),
        new("dripper", "Ceramic dripper", "one or two cups", 2400),
        new("kettle", "Gooseneck kettle", "0.9 litres", 5900),
        new("grinder", "Hand grinder", "steel burrs", 7450),
        new("cup", "Tasting cup", "220 ml, stoneware", 1600),
    ];

    private static readonly Dictionary<string, Product> ById = Products.ToDictionary(
        product => product.Id,
        StringComparer.Ordinal
    );

    /// <summary>The product of that id, or null.</summary>
    public static Product? Find(string id) => ById.GetValueOrDefault(id);
}
