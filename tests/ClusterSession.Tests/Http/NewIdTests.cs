using System.Security.Cryptography;
using ClusterSession.Records;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Ids that cannot be given: of a session that is gone, or drawn twice (X08, X11).
/// </summary>
public sealed class NewIdTests : NodeTests
{
    private readonly Meeting _meeting = new();

    [Fact]
    public async Task Session_that_another_request_has_ended_gets_no_new_id_and_no_error()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/login", async (HttpContext context) =>
            {
                await _meeting.WaitAsync();
                await context.GetClusterSession().RotateIdAsync();
                context.Session.SetString("user", "ada");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var late = browser.Copy();
        var login = late.GetAsync("/login"); // Has opened the session, and changes its id when it goes on.
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/destroy");
        var before = Sessions.Count;

        _meeting.GoOn();
        await login;

        Assert.Equal(200, (int)late.LastStatus);
        Assert.False(late.LastSetCookie);
        Assert.Equal("", await late.GetAsync("/keys"));
        Assert.Equal(before + 1, Sessions.Count); // The tombstone of the id that was drawn for it in vain.
    }

    [Fact]
    public async Task Id_that_is_drawn_twice_is_given_once()
    {
        var node = await StartAsync(services: services =>
            services.AddSingleton<RandomNumberGenerator>(new StuckGenerator(draws: 3))
        );
        var (first, second) = (node.Browser(), node.Browser());

        await first.GetAsync("/set/color/red");
        await second.GetAsync("/set/color/blue");

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal("red", await first.GetAsync("/get/color"));
        Assert.Equal("blue", await second.GetAsync("/get/color"));
        Assert.Equal(2, Logs.Count("KeyCollision")); // Told as critical each time the generator repeats itself.
    }

    /// <summary>Draws the same session id so many times, and then goes on in order.</summary>
    private sealed class StuckGenerator(int draws) : RandomNumberGenerator
    {
        private int _left = draws;

        public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

        public override void GetBytes(Span<byte> data)
        {
            if (data.Length == SessionId.ByteLength && Interlocked.Decrement(ref _left) >= 0)
            {
                data.Fill(7);
                return;
            }

            Fill(data);
        }
    }
}
