using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.TestKit.Nodes;

/// <summary>
/// Stands in for a server that only Windows has, as far as its callbacks before the headers go:
/// last registered, first run, each once; one that comes while they run is lost (IIS) or refused
/// (HTTP.sys, where HasStarted is true by then).
/// </summary>
internal sealed class CallbackOrder(ServerKind kind) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        app =>
        {
            app.Use(following =>
                context =>
                {
                    var inner = context.Features.GetRequiredFeature<IHttpResponseFeature>();
                    context.Features.Set<IHttpResponseFeature>(new Response(inner, kind));
                    return following(context);
                }
            );
            next(app);
        };

    private sealed class Response : IHttpResponseFeature
    {
        private readonly IHttpResponseFeature _inner;
        private readonly ServerKind _kind;
        private readonly Stack<(Func<object, Task> Callback, object State)> _callbacks = new();
        private bool _isRunning;

        public Response(IHttpResponseFeature inner, ServerKind kind)
        {
            (_inner, _kind) = (inner, kind);
            inner.OnStarting(static response => ((Response)response).RunAsync(), this);
        }

        public int StatusCode
        {
            get => _inner.StatusCode;
            set => _inner.StatusCode = value;
        }

        public string? ReasonPhrase
        {
            get => _inner.ReasonPhrase;
            set => _inner.ReasonPhrase = value;
        }

        public IHeaderDictionary Headers
        {
            get => _inner.Headers;
            set => _inner.Headers = value;
        }

        [Obsolete("Use IHttpResponseBodyFeature.Stream.")]
        public Stream Body
        {
            get => _inner.Body;
            set => _inner.Body = value;
        }

        public bool HasStarted => _inner.HasStarted || (_isRunning && _kind == ServerKind.LikeHttpSys);

        public void OnStarting(Func<object, Task> callback, object state)
        {
            if (!_isRunning)
            {
                _callbacks.Push((callback, state));
            }
            else if (_kind == ServerKind.LikeHttpSys)
            {
                throw new InvalidOperationException("Cannot register new callbacks, the response has already started.");
            }
        }

        public void OnCompleted(Func<object, Task> callback, object state) => _inner.OnCompleted(callback, state);

        private async Task RunAsync()
        {
            _isRunning = true;
            foreach (var (callback, state) in _callbacks)
            {
                await callback(state);
            }
        }
    }
}
