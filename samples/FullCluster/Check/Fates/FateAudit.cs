using System.Security.Cryptography;
using System.Text;
using FullCluster.Parts;
using Shop.Carts;
using Shop.Customers;
using ShopCluster.Check;

namespace FullCluster.Check.Fates;

/// <summary>
/// Holds known sessions against what the site shows of them: at nginx, at each node, and in the
/// Redis that is master.
/// </summary>
internal sealed class FateAudit(KnownSessions sessions, Tally findings)
{
    private const string Cookie = ".Shop";
    private const string LinePrefix = "aline:";
    private const string NotePrefix = "anote:";

    /// <summary>Values that were acknowledged, and are missing or others.</summary>
    public int Lost { get; private set; }

    /// <summary>What a browser is shown at each place.</summary>
    public async Task AtAsync(IReadOnlyList<(string Name, Uri Address)> places)
    {
        foreach (var session in sessions.All)
        {
            foreach (var (place, address) in places)
            {
                // A copy: what one place answers must not help the next one.
                var browser = session.Browser.Copy();
                var cart = await browser.SendAsync<CartView>(HttpMethod.Get, new(address, "api/cart"));
                var notes = await browser.SendAsync<Dictionary<string, string>>(
                    HttpMethod.Get,
                    new(address, "api/cart/notes")
                );
                var customer = await browser.SendAsync<CustomerView>(HttpMethod.Get, new(address, "api/customer"));
                Compare(
                    session,
                    place,
                    [.. cart.Lines.Select(line => line.Id)],
                    notes.ToDictionary(note => note.Key, note => Digest(note.Value))
                );
                if (customer.Name != (session.HasEnded ? null : session.Customer))
                {
                    Found(session, place, $"is of {customer.Name ?? "nobody"}", isBack: session.HasEnded);
                }
            }
        }
    }

    /// <summary>What the master has stored.</summary>
    public void In(string master, RedisContent content, string keyPrefix)
    {
        foreach (var session in sessions.All)
        {
            var fields = content.Of($"{keyPrefix}:1:{{{KeyOf(session)}}}");
            if (!session.HasEnded && fields is null)
            {
                Found(session, master, "is missing", isBack: false);
                continue;
            }

            var isLiving = fields is not null && fields["m"].Value == RedisContent.Living;
            Compare(
                session,
                master,
                isLiving ? Names(fields!, LinePrefix).Select(field => field.Name).ToHashSet() : [],
                isLiving ? Names(fields!, NotePrefix).ToDictionary(field => field.Name, field => field.Digest) : []
            );
        }
    }

    private static IEnumerable<(string Name, string Digest)> Names(
        IReadOnlyDictionary<string, RedisField> fields,
        string prefix
    ) =>
        fields
            .Where(field => field.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Where(field => field.Value.Value != RedisContent.Removed)
            .Select(field => (field.Key[prefix.Length..], field.Value.Value));

    /// <summary>The name under which a session is stored: docs/wire-formats.md has it.</summary>
    private static string KeyOf(KnownSession session)
    {
        var id = session.Browser.Cookie(Cookie)!.Split('.')[0];
        var hash = SHA256.HashData(System.Buffers.Text.Base64Url.DecodeFromChars(id));
        return System.Buffers.Text.Base64Url.EncodeToString(hash.AsSpan(0, 16));
    }

    /// <summary>As Redis computes it in a script.</summary>
    private static string Digest(string text)
    {
#pragma warning disable CA5350 // Nothing is secured by it.
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
    }

    private void Compare(KnownSession session, string place, HashSet<string> lines, Dictionary<string, string> notes)
    {
        if (session.HasEnded)
        {
            if (lines.Count + notes.Count > 0)
            {
                Found(
                    session,
                    place,
                    $"shows {lines.Count} lines and {notes.Count} notes, and has ended",
                    isBack: true
                );
            }

            return;
        }

        foreach (var line in session.Lines.Where(line => !lines.Contains(line)))
        {
            Found(session, place, $"lacks {line}", isBack: false);
        }

        foreach (var (note, text) in session.Notes)
        {
            if (notes.GetValueOrDefault(note) != Digest(text))
            {
                Found(session, place, $"lacks {note}, or has another text there", isBack: false);
            }
        }

        foreach (var extra in lines.Except(session.Lines).Concat(notes.Keys.Except(session.Notes.Keys)))
        {
            Found(session, place, $"shows {extra}, which nobody wrote there", isBack: true);
        }
    }

    private void Found(KnownSession session, string place, string what, bool isBack)
    {
        var witness = $"session {session.Name} at {place}: {what}";
        if (isBack)
        {
            findings.CountReturned(witness);
        }
        else
        {
            Lost++;
            findings.Witness(witness);
        }
    }
}
