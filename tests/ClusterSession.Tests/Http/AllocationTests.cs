using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// What a request with a local copy allocates in all of the middleware, session object, cookie and
/// features included. Requests run one after the other on this thread, so that its own counter sees
/// every byte; a task or a hop to another thread would show as an incomplete task.
/// </summary>
public sealed class AllocationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Requests = 2_000;

    private readonly SessionId _id = SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create());
    private ServiceProvider _provider = null!;
    private string _cookie = "";

    public async ValueTask InitializeAsync()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession().UseInMemory();
        _provider = services.BuildServiceProvider();
        var ring = (await _provider.GetRequiredService<KeyRingSource>().LoadAsync(CancellationToken.None))!;
        var version = new SessionVersion(1, 1);
        var record = RecordSketch
            .At(version)
            .With("number", [0, 0, 0, 7], version)
            .With("text", new byte[200], version)
            .Build();
        var key = SessionKey.Of(_id);
        var copies = _provider.GetRequiredService<LocalCopies>();
        await _provider
            .GetRequiredService<IClusterSessionStore>()
            .MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromHours(1)), default);
        copies.Publish(key, record, SessionLease.Always, copies.Mark(key), copies.Clock.Now);
        _cookie = ".ClusterSession=" + SessionCookie.Write(_id, version, ring.Keys[0]);
    }

    public async ValueTask DisposeAsync() => await _provider.DisposeAsync();

    [Fact]
    public void Untouched_request_allocates_less_than_400_bytes() =>
        Assert.InRange(BytesARequest(static _ => Task.CompletedTask), 1, 400);

    [Fact]
    public void Request_that_reads_a_number_allocates_less_than_400_bytes() =>
        Assert.InRange(
            BytesARequest(static context =>
                context.Session.GetInt32("number") == 7
                    ? Task.CompletedTask
                    : Task.FromException(new InvalidOperationException())
            ),
            1,
            400
        );

    // Two records of 300 bytes are among them, the store's and the local copy: the store is in the
    // same memory here. AddSession takes 18,000.
    [Fact]
    public void Request_that_writes_a_number_allocates_less_than_2000_bytes()
    {
        var next = 0;
        Assert.InRange(
            BytesARequest(context =>
            {
                context.Session.SetInt32("number", next++);
                return Task.CompletedTask;
            }),
            1,
            2000
        );
    }

    [Fact]
    public async Task Copy_of_somebody_is_allowed_without_allocating_while_others_have_ended()
    {
        var revocations = _provider.GetRequiredService<Revocations>();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(
                StoreFailure.None,
                await revocations.EndAsync(PrincipalKey.Of("other" + i), revocations.DrawNumber())
            );
        }

        await revocations.SyncAsync();
        var version = new SessionVersion(1, 1);
        var record = RecordSketch
            .At(version)
            .With(SessionPrincipal.Name, PrincipalKey.Of("alice").ToBytes(), version)
            .Build();
        var key = SessionKey.Of(SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create()));
        var copies = _provider.GetRequiredService<LocalCopies>();
        copies.Publish(key, record, SessionLease.Always, copies.Mark(key), copies.Clock.Now);
        Assert.True(copies.TryGet(key, out var copy) && revocations.Allow(copy));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var allowed = 0;
        for (var i = 0; i < Requests; i++)
        {
            allowed += revocations.Allow(copy) ? 1 : 0;
        }

        Assert.Equal((Requests, 0L), (allowed, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    private double BytesARequest(RequestDelegate endpoint)
    {
        var app = new ApplicationBuilder(_provider);
        app.UseClusterSession();
        app.Run(endpoint);
        var request = app.Build();
        var context = new DefaultHttpContext { RequestServices = _provider };
        context.Request.Headers.Cookie = _cookie;
        Run(request, context, Requests); // Tables are filled, code is compiled.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(request, context, Requests);
        var bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Requests;
        output.WriteLine($"{bytes:0} bytes a request");
        return bytes;
    }

    private static void Run(RequestDelegate request, HttpContext context, int times)
    {
        for (var i = 0; i < times; i++)
        {
            context.Features.Set<ISessionFeature>(null); // As the server does between two requests.
            Assert.True(request(context).IsCompletedSuccessfully);
        }
    }
}
