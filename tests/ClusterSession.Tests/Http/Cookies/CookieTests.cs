using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Http.Cookies;

public sealed class CookieTests : NodeTests
{
    private const string Name = ".ClusterSession";

    [Fact]
    public async Task Cookie_has_the_flags_and_the_form_that_are_documented()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var cookie = browser.LastCookie!;
        Assert.True(cookie.HttpOnly);
        Assert.Equal(Microsoft.Net.Http.Headers.SameSiteMode.Lax, cookie.SameSite);
        Assert.Equal("/", cookie.Path.ToString());
        Assert.Null(cookie.Expires);
        Assert.Null(cookie.MaxAge);
        Assert.Equal(0, cookie.Domain.Length);
        Assert.False(cookie.Secure);
        Assert.Matches("^[A-Za-z0-9_-]{24}[.][A-Za-z0-9_-]{44}$", cookie.Value.ToString());
    }

    [Fact]
    public async Task First_part_of_the_cookie_stays_while_its_second_names_each_commit()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        var seen = new HashSet<string>();
        var ids = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            await browser.GetAsync($"/set/color/v{i}", i % 2 == 0 ? a : b);
            seen.Add(browser.Cookie!);
            ids.Add(browser.Id!);
            Assert.Equal(69, browser.Cookie!.Length);
        }

        Assert.Single(ids);
        Assert.Equal(20, seen.Count);
    }

    [Fact]
    public async Task Cookie_is_set_where_it_changes_and_nowhere_else()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.True(browser.LastSetCookie);
        await browser.GetAsync("/get/color");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/untouched");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/red");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/remove/nothing");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/blue");
        Assert.True(browser.LastSetCookie);
    }

    [Fact]
    public async Task Response_that_sets_the_cookie_is_private_and_one_that_does_not_is_left_alone()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/own", (HttpContext context) =>
            {
                context.Session.SetString("a", "1");
                context.Response.Headers.CacheControl = "private, max-age=5";
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("private", browser.Last!.Headers.CacheControl!.ToString());
        await browser.GetAsync("/get/color");
        Assert.Null(browser.Last.Headers.CacheControl);
        await browser.GetAsync("/own");
        Assert.True(browser.LastSetCookie);
        Assert.Equal("max-age=5, private", browser.Last.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Every_single_bit_of_a_valid_cookie_matters_and_no_changed_one_reads_a_session()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var valid = browser.Cookie!;
        Time.Advance(TimeSpan.FromSeconds(2)); // So that the key ring may be read again for a key that is not known.
        Store.Reset();
        var tried = 0;
        for (var at = 0; at < valid.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = valid.ToCharArray();
                changed[at] = (char)(changed[at] ^ (1 << bit));
                await AssertRefusedAsync(node, new string(changed));
                tried++;
            }
        }

        Assert.Equal(69 * 8, tried);
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        Assert.True(Store.Count(StoreOperations.ReadDocument) <= 1, "the key ring is read again at most once a second");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Truncated_extended_and_swapped_cookies_are_refused()
    {
        var node = await StartAsync();
        var (mine, other) = (node.Browser(), node.Browser());
        await mine.GetAsync("/set/color/red");
        await other.GetAsync("/set/color/blue");
        var (valid, foreign) = (mine.Cookie!, other.Cookie!);
        Store.Reset();
        for (var length = 0; length < valid.Length; length++)
        {
            await AssertRefusedAsync(node, valid[..length]);
        }

        foreach (var tail in new[] { "A", "=", "==", ".", ".A", "%", " x", "\t", "A=" })
        {
            await AssertRefusedAsync(node, valid + tail);
        }

        await AssertRefusedAsync(node, valid.Split('.')[0] + "." + foreign.Split('.')[1]);
        await AssertRefusedAsync(node, valid.Split('.')[1] + "." + valid.Split('.')[0]);
        await AssertRefusedAsync(node, valid.ToLowerInvariant());
        await AssertRefusedAsync(node, new string('A', 69));
        await AssertRefusedAsync(node, new string('A', 24) + "." + new string('A', 44));
        await AssertRefusedAsync(node, new string('x', 100_000));
        await AssertRefusedAsync(node, "ünïcödé");
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
    }

    [Fact]
    public async Task Random_cookies_read_no_session()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var node = await StartAsync();
        await node.Browser().GetAsync("/set/color/red");
        Store.Reset();
        for (var i = 0; i < 1000; i++)
        {
            var bytes = new byte[51];
            random.NextBytes(bytes);
            bytes[18] = 1; // The format, so that more of the check is reached.
            var cookie =
                System.Buffers.Text.Base64Url.EncodeToString(bytes.AsSpan(0, 18))
                + "."
                + System.Buffers.Text.Base64Url.EncodeToString(bytes.AsSpan(18));
            Assert.Equal(69, cookie.Length);
            await AssertRefusedAsync(node, cookie);
        }

        Assert.True(Store.Count(StoreOperations.Sessions) == 0, $"With seed {seed}");
    }

    [Fact]
    public async Task Refused_cookie_gets_what_no_cookie_gets()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        browser.Cookie = new string('A', 24) + "." + new string('B', 44);
        Assert.Equal("New", await browser.GetAsync("/source"));
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/red");
        Assert.True(browser.LastSetCookie);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Of_several_cookies_with_the_name_the_one_that_was_issued_counts()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var valid = browser.Cookie;
        foreach (
            var header in new[]
            {
                $"{Name}=rubbish; {Name}={valid}",
                $"{Name}={valid}; {Name}=rubbish",
                $"x=1;{Name}={valid}",
                $"{Name}=; {Name}=\"{valid}\"",
                $"{Name}2={Name}; {Name}={valid};;",
                $"a;{Name}={valid}",
            }
        )
        {
            browser.CookieHeader = header;
            Assert.Equal("red", await browser.GetAsync("/get/color"));
        }

        foreach (
            var header in new[]
            {
                $"{Name}x={valid}",
                $"x{Name}={valid}",
                $"{Name}.={valid}",
                $"x={Name}={valid}",
                $"{Name.ToUpperInvariant()}={valid}",
                Name,
                $"{Name};{valid}",
            }
        )
        {
            browser.CookieHeader = header;
            Assert.Equal("", await browser.GetAsync("/get/color"));
        }
    }

    [Fact]
    public async Task Old_cookie_of_a_living_session_shows_the_newest_state()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/v0");
        var old = browser.Copy();
        for (var i = 1; i < 12; i++)
        {
            await browser.GetAsync($"/set/color/v{i}");
        }

        Assert.Equal("v11", await old.GetAsync("/get/color"));
        Assert.Equal("False", await old.GetAsync("/regressed"));
    }

    [Fact]
    public async Task Id_in_the_address_or_another_header_is_ignored()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var stranger = node.Browser();
        Assert.Equal("", await stranger.GetAsync($"/get/color?{Name}={browser.Cookie}"));
    }

    private static async Task AssertRefusedAsync(TestNode node, string cookie)
    {
        var browser = node.Browser();
        browser.CookieHeader = $"{Name}={cookie}";
        Assert.Equal("", await browser.GetAsync("/get/color"));
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.False(browser.LastSetCookie);
    }
}
