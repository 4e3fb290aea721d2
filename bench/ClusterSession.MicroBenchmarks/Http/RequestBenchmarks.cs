using BenchmarkDotNet.Attributes;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Local;
using ClusterSession.MicroBenchmarks.Sessions;
using ClusterSession.Opening;
using ClusterSession.Stores;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.MicroBenchmarks.Http;

/// <summary>
/// The way of a request with a local copy through the whole middleware, without a server around it,
/// and its steps one by one: the sum of the steps is what a request with a session costs beyond one
/// without.
/// </summary>
public class RequestBenchmarks
{
    private readonly SampleSession _session = new(bytes: 2048);
    private ServiceProvider _provider = null!;
    private RequestDelegate _untouched = null!;
    private RequestDelegate _read = null!;
    private RequestDelegate _get = null!;
    private RequestDelegate _none = null!;
    private SessionOpener _opener = null!;
    private SessionTouches _touches = null!;
    private DefaultHttpContext _context = null!;

    [GlobalSetup]
    public void SetUp()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession().UseInMemory();
        _provider = services.BuildServiceProvider();
        _opener = _provider.GetRequiredService<SessionOpener>();
        _touches = _provider.GetRequiredService<SessionTouches>();
        var ring = _provider
            .GetRequiredService<KeyRingSource>()
            .LoadAsync(CancellationToken.None)
            .AsTask()
            .GetAwaiter()
            .GetResult()!;
        var copies = _provider.GetRequiredService<LocalCopies>();
        copies.Publish(_session.Key, _session.Record, SessionLease.Always, copies.Mark(_session.Key), copies.Clock.Now);
        _untouched = Build(static _ => Task.CompletedTask);
        _read = Build(static context =>
            context.Session.TryGetValue("a1", out var _)
                ? Task.CompletedTask
                : throw new InvalidOperationException("not found")
        );
        _get = Build(static context =>
            context.Session.GetInt32("a0") is null
                ? throw new InvalidOperationException("not found")
                : Task.CompletedTask
        );
        _none = static _ => Task.CompletedTask;
        _context = new DefaultHttpContext { RequestServices = _provider };
        _context.Request.Headers.Cookie =
            ".ClusterSession=" + SessionCookie.Write(_session.Id, _session.Record.Version, ring.Keys[0]);
        _read(_context).GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void CleanUp() => _provider.Dispose();

    [Benchmark(Description = "request: no session")]
    public Task None() => Run(_none);

    [Benchmark(Description = "request: untouched session")]
    public Task Untouched() => Run(_untouched);

    [Benchmark(Description = "request: read 226 bytes")]
    public Task Read() => Run(_read);

    [Benchmark(Description = "request: read a number")]
    public Task ReadNumber() => Run(_get);

    [Benchmark(Description = "step: open from the local copy")]
    public bool OpenLocal() => _opener.TryOpenLocal(_session.Key, _session.Record.Version, out _);

    [Benchmark(Description = "step: note the use for the touch")]
    public void Used() => _touches.Used(_session.Key, prolongs: true);

    private Task Run(RequestDelegate request)
    {
        _context.Features.Set<ISessionFeature>(null); // As the server does between two requests.
        return request(_context);
    }

    private RequestDelegate Build(RequestDelegate endpoint)
    {
        var app = new ApplicationBuilder(_provider);
        app.UseClusterSession();
        app.Run(endpoint);
        return app.Build();
    }
}
