using Shop.Carts;
using Shop.Customers;

namespace FullCluster.Check.Fates;

/// <summary>
/// One session, and what has to be in it. Each of its tabs has the cookies of the moment in which
/// it was opened, so that one can write to the dead master and another to the one in its place.
/// </summary>
internal sealed class KnownSession(string name, Uri shop)
{
    private const int LengthOfNote = 8000;

    private readonly HashSet<string> _lines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _notes = new(StringComparer.Ordinal);

    public string Name => name;

    /// <summary>The browser whose cookies count at the end.</summary>
    public Browser Browser { get; private set; } = new();

    public IReadOnlySet<string> Lines => _lines;

    public IReadOnlyDictionary<string, string> Notes => _notes;

    /// <summary>Who is logged in in it; null: nobody.</summary>
    public string? Customer { get; private set; }

    /// <summary>Whether nothing of it may be shown any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Adds a line, in a tab of its own if one is given.</summary>
    public async Task AddAsync(Browser? tab = null)
    {
        var id = $"{name}-line-{_lines.Count + 1}";
        var addition = new CartAddition(Catalog.Products[_lines.Count % Catalog.Products.Count].Id);
        await (tab ?? Browser).SendAsync<CartView>(HttpMethod.Put, At($"api/cart/lines/{id}"), addition);
        _lines.Add(id);
    }

    /// <summary>Writes so many notes of 8,000 characters.</summary>
    public async Task GrowAsync(int notes)
    {
        for (var i = 0; i < notes; i++)
        {
            var id = $"{name}-note-{_notes.Count + 1}";
            // Every note another text, or a value at the wrong name would not be found.
            var text = string.Concat(Enumerable.Repeat($"{id} ", LengthOfNote / (id.Length + 1)));
            await Browser.SendAsync<CartView>(HttpMethod.Put, At($"api/cart/notes/{id}"), new CartNote(text));
            _notes.Add(id, text);
        }
    }

    /// <summary>Gives it another id; the cookies of that tab count from now on.</summary>
    public async Task RotateAsync(Browser? tab = null)
    {
        Browser = tab ?? Browser;
        await Browser.SendAsync<CustomerView>(HttpMethod.Post, At("api/customer/second-factor"));
    }

    /// <summary>Logs somebody in, which gives it another id too.</summary>
    public async Task LogInAsync(string customer)
    {
        await Browser.SendAsync<CustomerView>(HttpMethod.Put, At($"api/customer/{customer}"));
        Customer = customer;
    }

    /// <summary>Ends it. The cookie stays, as in a browser that never got the answer.</summary>
    public async Task EndAsync(Browser? tab = null)
    {
        await (tab ?? Browser).Copy().SendAsync<CustomerView>(HttpMethod.Delete, At("api/customer"));
        HasEnded = true;
    }

    /// <summary>Ends all sessions and logins of its customer but this one.</summary>
    public Task EndElsewhereAsync() => Browser.SendAsync<CustomerView>(HttpMethod.Delete, At("api/customer/elsewhere"));

    /// <summary>Somebody else has ended it.</summary>
    public void WasEnded() => HasEnded = true;

    private Uri At(string path) => new(shop, path);
}
